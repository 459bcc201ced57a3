//! Checkout: turns a basket into a paid order. One of its versions should never have been deployed.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::failure::Failure;
use super::leak::MEBIBYTE;
use super::orders::Order;
use super::payments::Payment;
use crate::{BAD_VERSION, Service};

/// Regions are numbered below this; visitors are spread evenly over them.
pub(crate) const REGIONS: u64 = TAX_THOUSANDTHS.len() as u64;

/// The tax of each region in thousandths, as v2.32 has it.
const TAX_THOUSANDTHS: [u64; 10] = [190, 200, 210, 220, 230, 240, 250, 170, 80, 0];

/// How many regions the tables of v2.33 have. The rest was lost in a merge.
const REGIONS_OF_BAD_VERSION: usize = 3;

/// What v2.33 keeps of each request, and where it stops.
const AUDIT_BYTES: usize = MEBIBYTE;
const AUDIT_BYTES_MAX: usize = 256 * MEBIBYTE;

/// A visitor buys what is in the basket, and this product.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Purchase {
    session: u64,
    product: u64,
    region: u64,
}

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/checkout", post(check_out))
}

async fn check_out(
    State(app): State<Shared>,
    Json(purchase): Json<Purchase>,
) -> Result<String, Failure> {
    let tax_thousandths = tax(&app, purchase.region)?;
    let basket =
        app.peers.get(Service::Cart, &format!("/cart?session={}", purchase.session)).await?;
    let mut products: Vec<u64> = serde_json::from_str(&basket)
        .map_err(|_| Failure::Unavailable("cart answered no basket".to_owned()))?;
    products.push(purchase.product);
    let net_cents: u64 = products.iter().map(|product| 500 + product * 37 % 9_500).sum();
    let total_cents = net_cents + net_cents * tax_thousandths / 1_000;
    let order = Order { session: purchase.session, total_cents, products };
    let number = app.peers.post(Service::Orders, "/orders", &order).await?;
    let payment = Payment { session: purchase.session, total_cents };
    let receipt = app.peers.post(Service::Payments, "/payments", &payment).await?;
    Ok(format!("order {}, {}", number.trim(), receipt))
}

fn tax(app: &Shared, region: u64) -> Result<u64, Failure> {
    let region = usize::try_from(region).unwrap_or(usize::MAX);
    let known = TAX_THOUSANDTHS.get(region).copied();
    let known = known.ok_or(Failure::BadRequest("there is no such region"))?;
    if app.version != BAD_VERSION {
        return Ok(known);
    }
    app.leak.grow(AUDIT_BYTES, AUDIT_BYTES_MAX);
    match region {
        0..REGIONS_OF_BAD_VERSION => Ok(known),
        _ => Err(Failure::Bug(format!("no tax table for region {region}"))),
    }
}
