use std::time::Duration;

use expect_test::expect;

use super::{Visit, gap};

#[test]
fn visitors_come_in_the_declared_mixture() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut counts = [0; 4];
    for _ in 0..10_000 {
        match Visit::pick(&mut rng) {
            Visit::Browse { .. } => counts[0] += 1,
            Visit::Search { .. } => counts[1] += 1,
            Visit::AddToCart { .. } => counts[2] += 1,
            Visit::CheckOut { .. } => counts[3] += 1,
        }
    }
    let rounded = counts.map(|it| (it + 50) / 100);
    expect!["[45, 32, 10, 12]"].assert_eq(&format!("{rounded:?}"));
}

#[test]
fn arrivals_are_a_poisson_process() {
    let mut rng = fastrand::Rng::with_seed(7);
    let gaps: Vec<f64> = (0..20_000).map(|_| gap(40.0, rng.f64()).as_secs_f64()).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    // Of an exponential distribution the mean and the standard deviation are 1 / rate.
    assert!((mean - 0.025).abs() < 0.001, "{mean}");
    assert!((variance.sqrt() - 0.025).abs() < 0.001, "{variance}");
}

#[test]
fn no_traffic_is_a_long_pause_and_no_panic() {
    assert_eq!(gap(0.0, 0.5), Duration::from_secs(5));
    assert_eq!(gap(0.0, 0.0), Duration::from_secs(5));
    assert_eq!(gap(f64::NAN, 0.5), Duration::from_secs(5));
}
