use proptest::prelude::*;

use super::*;

#[test]
fn an_objective_is_a_percentage_above_nothing_and_at_most_everything() {
    use ObjectiveError::{OutOfRange, TooPrecise};
    assert_eq!("99.95%".parse::<Objective>().unwrap().allowed(), 500_000);
    assert_eq!("99.0 %".parse::<Objective>().unwrap().to_string(), "99%");
    assert_eq!("100%".parse::<Objective>().unwrap().allowed(), 0);
    assert_eq!("0.0000001%".parse::<Objective>().unwrap().promised(), 1);
    assert_eq!("99.99999999%".parse::<Objective>(), Err(TooPrecise));
    for text in ["0%", "0.0000000%", "100.0000001%", "99999999999999999999%"] {
        assert_eq!(text.parse::<Objective>(), Err(OutOfRange), "{text}");
    }
    for text in ["", "%", "99.9", "0.999", "+99%", "-1%", "9 9%", ".5%", "99.9.9%", "٩٩%"] {
        let error = text.parse::<Objective>().unwrap_err();
        assert!(matches!(error, ObjectiveError::NotAPercentage { .. }), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(promised in 1..=Objective::SCALE) {
        let objective = Objective { promised };
        prop_assert_eq!(objective.to_string().parse::<Objective>().unwrap(), objective);
    }
}
