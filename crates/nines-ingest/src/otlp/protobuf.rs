//! The protobuf form. Numbers of fields are those of `opentelemetry/proto/metrics/v1/metrics.proto`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::model::{
    Attributes, Buckets, Data, ExponentialPoint, HistogramPoint, Metric, NumberPoint,
    PointExemplar, Request, Resource, SummaryPoint, Temporality, decimal,
};
use super::{DEPTH_MAX, OtlpError, POINTS_MAX};
use crate::histogram::small;
use crate::wire::{Field, Fields, WireError};

pub(super) fn read(body: &[u8]) -> Result<Request, OtlpError> {
    let mut request = Request::default();
    let mut fields = Fields::new(body);
    while let Some(field) = fields.advance()? {
        if field.number == 1 {
            let resource = resource(field.message()?, &mut request.points)?;
            request.resources.push(resource);
        }
    }
    Ok(request)
}

fn resource(mut fields: Fields<'_>, points: &mut usize) -> Result<Resource, OtlpError> {
    let mut out = Resource::default();
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => {
                let mut inner = field.message()?;
                while let Some(field) = inner.advance()? {
                    if field.number == 1 {
                        push_attribute(&mut out.attributes, field)?;
                    }
                }
            }
            2 => {
                let mut scope = field.message()?;
                while let Some(field) = scope.advance()? {
                    if field.number == 2 {
                        out.metrics.push(metric(field.message()?, points)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(out)
}

fn metric(mut fields: Fields<'_>, points: &mut usize) -> Result<Metric, OtlpError> {
    let mut out = Metric::default();
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => out.name = text(field)?,
            2 => out.description = text(field)?,
            3 => out.unit = text(field)?,
            5 => out.data = Data::Gauge(data(field, points, number_point)?.0),
            7 => {
                let (list, temporality, is_monotonic) = data(field, points, number_point)?;
                out.data = Data::Sum { points: list, temporality, is_monotonic };
            }
            9 => {
                let (list, temporality, _) = data(field, points, histogram_point)?;
                out.data = Data::Histogram(list, temporality);
            }
            10 => {
                let (list, temporality, _) = data(field, points, exponential_point)?;
                out.data = Data::Exponential(list, temporality);
            }
            11 => out.data = Data::Summary(data(field, points, summary_point)?.0),
            _ => {}
        }
    }
    Ok(out)
}

/// Points, temporality, and whether a sum only rises: all kinds have the same numbers for these.
fn data<P>(
    field: Field<'_>,
    points: &mut usize,
    read: impl Fn(Fields<'_>) -> Result<P, WireError>,
) -> Result<(Vec<P>, Temporality, bool), OtlpError> {
    let (mut list, mut temporality, mut is_monotonic) = (Vec::new(), Temporality::default(), false);
    let mut fields = field.message()?;
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => {
                *points += 1;
                if POINTS_MAX < *points {
                    return Err(OtlpError::TooLarge);
                }
                list.push(read(field.message()?)?);
            }
            2 => temporality = Temporality::from_number(field.int()?),
            3 => is_monotonic = field.uint()? != 0,
            _ => {}
        }
    }
    Ok((list, temporality, is_monotonic))
}

fn number_point(mut fields: Fields<'_>) -> Result<NumberPoint, WireError> {
    let mut out = NumberPoint::default();
    while let Some(field) = fields.advance()? {
        match field.number {
            2 => out.point.start_nanos = field.fixed64()?,
            3 => out.point.nanos = field.fixed64()?,
            4 => out.value = field.double()?,
            5 => out.point.exemplars.push(exemplar(field.message()?)?),
            6 => out.value = decimal(field.fixed64()?.cast_signed()),
            7 => push_attribute(&mut out.point.attributes, field)?,
            8 => out.point.flags = field.uint32()?,
            _ => {}
        }
    }
    Ok(out)
}

fn histogram_point(mut fields: Fields<'_>) -> Result<HistogramPoint, WireError> {
    let mut out = HistogramPoint::default();
    while let Some(field) = fields.advance()? {
        match field.number {
            2 => out.point.start_nanos = field.fixed64()?,
            3 => out.point.nanos = field.fixed64()?,
            4 => out.count = field.fixed64()?,
            5 => out.sum = Some(field.double()?),
            6 => field.push_fixed64(|it| out.counts.push(it))?,
            7 => field.push_doubles(&mut out.bounds)?,
            8 => out.point.exemplars.push(exemplar(field.message()?)?),
            9 => push_attribute(&mut out.point.attributes, field)?,
            10 => out.point.flags = field.uint32()?,
            _ => {}
        }
    }
    Ok(out)
}

fn exponential_point(mut fields: Fields<'_>) -> Result<ExponentialPoint, WireError> {
    let mut out = ExponentialPoint::default();
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => push_attribute(&mut out.point.attributes, field)?,
            2 => out.point.start_nanos = field.fixed64()?,
            3 => out.point.nanos = field.fixed64()?,
            4 => out.count = field.fixed64()?,
            5 => out.sum = field.double()?,
            6 => out.scale = small(field.sint()?),
            7 => out.zero_count = field.fixed64()?,
            8 => out.positive = buckets(field.message()?)?,
            9 => out.negative = buckets(field.message()?)?,
            10 => out.point.flags = field.uint32()?,
            11 => out.point.exemplars.push(exemplar(field.message()?)?),
            14 => out.zero_threshold = field.double()?,
            _ => {}
        }
    }
    Ok(out)
}

fn buckets(mut fields: Fields<'_>) -> Result<Buckets, WireError> {
    let mut out = Buckets::default();
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => out.offset = small(field.sint()?),
            2 => field.push_uints(|it| out.counts.push(it))?,
            _ => {}
        }
    }
    Ok(out)
}

fn summary_point(mut fields: Fields<'_>) -> Result<SummaryPoint, WireError> {
    let mut out = SummaryPoint::default();
    while let Some(field) = fields.advance()? {
        match field.number {
            2 => out.point.start_nanos = field.fixed64()?,
            3 => out.point.nanos = field.fixed64()?,
            4 => out.count = field.fixed64()?,
            5 => out.sum = field.double()?,
            6 => {
                let (mut quantile, mut value) = (0.0, 0.0);
                let mut inner = field.message()?;
                while let Some(field) = inner.advance()? {
                    match field.number {
                        1 => quantile = field.double()?,
                        2 => value = field.double()?,
                        _ => {}
                    }
                }
                out.quantiles.push((quantile, value));
            }
            7 => push_attribute(&mut out.point.attributes, field)?,
            8 => out.point.flags = field.uint32()?,
            _ => {}
        }
    }
    Ok(out)
}

fn exemplar(mut fields: Fields<'_>) -> Result<PointExemplar, WireError> {
    let mut out = PointExemplar::default();
    while let Some(field) = fields.advance()? {
        match field.number {
            2 => out.nanos = field.fixed64()?,
            3 => out.value = field.double()?,
            4 => out.span_id = field.bytes()?.to_vec(),
            5 => out.trace_id = field.bytes()?.to_vec(),
            6 => out.value = decimal(field.fixed64()?.cast_signed()),
            7 => push_attribute(&mut out.attributes, field)?,
            _ => {}
        }
    }
    Ok(out)
}

fn push_attribute(attributes: &mut Attributes, field: Field<'_>) -> Result<(), WireError> {
    let (mut name, mut value) = (String::new(), String::new());
    let mut fields = field.message()?;
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => name = text(field)?,
            2 => value = shown(&any_value(field.message()?, DEPTH_MAX)?),
            _ => {}
        }
    }
    attributes.push((name, value));
    Ok(())
}

/// Text stays itself; everything else is written as JSON.
fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn any_value(mut fields: Fields<'_>, depth: usize) -> Result<serde_json::Value, WireError> {
    use serde_json::Value;
    let mut out = Value::Null;
    while let Some(field) = fields.advance()? {
        out = match field.number {
            1 => Value::String(text(field)?),
            2 => Value::Bool(field.uint()? != 0),
            3 => Value::from(field.int()?),
            4 => double(field.double()?),
            5 if 0 < depth => Value::Array(values(field.message()?, depth - 1)?),
            6 if 0 < depth => Value::Object(map(field.message()?, depth - 1)?),
            7 => Value::String(BASE64.encode(field.bytes()?)),
            _ => out,
        };
    }
    Ok(out)
}

fn values(mut fields: Fields<'_>, depth: usize) -> Result<Vec<serde_json::Value>, WireError> {
    let mut out = Vec::new();
    while let Some(field) = fields.advance()? {
        if field.number == 1 {
            out.push(any_value(field.message()?, depth)?);
        }
    }
    Ok(out)
}

fn map(
    mut fields: Fields<'_>,
    depth: usize,
) -> Result<serde_json::Map<String, serde_json::Value>, WireError> {
    let mut out = serde_json::Map::new();
    while let Some(field) = fields.advance()? {
        if field.number != 1 {
            continue;
        }
        let (mut name, mut value) = (String::new(), serde_json::Value::Null);
        let mut entry = field.message()?;
        while let Some(field) = entry.advance()? {
            match field.number {
                1 => name = text(field)?,
                2 => value = any_value(field.message()?, depth)?,
                _ => {}
            }
        }
        out.insert(name, value);
    }
    Ok(out)
}

/// JSON has no NaN; protobuf's own JSON writes these as text.
fn double(value: f64) -> serde_json::Value {
    serde_json::Number::from_f64(value)
        .map_or_else(|| serde_json::Value::String(value.to_string()), serde_json::Value::Number)
}

/// What is no UTF-8 is replaced: a label must be text.
fn text(field: Field<'_>) -> Result<String, WireError> {
    Ok(String::from_utf8_lossy(field.bytes()?).into_owned())
}
