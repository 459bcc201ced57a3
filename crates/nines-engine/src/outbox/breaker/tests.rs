use super::*;

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn hook(path: &str) -> Channel {
    Channel::Webhook { url: format!("https://hooks.example/{path}"), secret: None }
}

fn temporary() -> Delivery {
    Delivery::Temporary { reason: "503".to_owned(), after: None }
}

fn failing(times: &[i64]) -> Breakers {
    let mut breakers = Breakers::default();
    for at in times {
        breakers.evolve(&hook("a"), &temporary(), second(*at));
    }
    breakers
}

#[test]
fn five_failures_in_thirty_seconds_open_it_for_ten() {
    let breakers = failing(&[0, 7, 14, 21, 30]);
    assert_eq!(breakers.open_until(&hook("a"), second(30)), Some(second(40)));
    assert_eq!(breakers.open_until(&hook("a"), second(40)), None);
    assert_eq!(failing(&[0, 7, 14, 21]).open_until(&hook("a"), second(21)), None);
    assert_eq!(failing(&[0, 7, 14, 21, 31]).open_until(&hook("a"), second(31)), None);
}

#[test]
fn it_is_the_provider_that_fails_not_one_address_of_it() {
    let breakers = failing(&[0, 0, 0, 0, 0]);
    assert!(breakers.open_until(&hook("b"), second(1)).is_some());
    let elsewhere = Channel::Webhook { url: "https://other.example/a".to_owned(), secret: None };
    assert!(breakers.open_until(&elsewhere, second(1)).is_none());
    assert!(breakers.open_until(&Channel::Inbox, second(1)).is_none());
}

#[test]
fn a_success_closes_it_and_after_its_time_it_counts_anew() {
    let mut breakers = failing(&[0, 0, 0, 0, 0]);
    breakers.evolve(&hook("a"), &temporary(), second(10));
    assert_eq!(breakers.open_until(&hook("a"), second(10)), None, "one failure is not five");
    let mut breakers = failing(&[0, 0, 0, 0, 0]);
    let accepted = Delivery::Accepted { reference: String::new() };
    breakers.evolve(&hook("b"), &accepted, second(1));
    assert_eq!(breakers, Breakers::default());
}

#[test]
fn a_refusal_says_nothing_against_the_provider() {
    let mut breakers = Breakers::default();
    let refused = Delivery::Refused { reason: "404".to_owned() };
    (0..9).for_each(|at| breakers.evolve(&hook("a"), &refused, second(at)));
    assert_eq!(breakers, Breakers::default());
}

#[test]
fn more_failing_providers_than_are_remembered_are_forgotten() {
    let mut breakers = Breakers::default();
    for index in 0..1_100 {
        let url = format!("https://{index}.example/");
        breakers.evolve(&Channel::Webhook { url, secret: None }, &temporary(), second(index));
    }
    assert!(breakers.0.len() <= PROVIDERS_MAX);
}
