use super::*;
use crate::engine::tests::second;

fn answered(key: &str) -> Answered {
    Answered { key: key.to_owned(), request: "r".to_owned(), answer: Answer::Done }
}

#[test]
fn an_answer_is_remembered_for_a_day() {
    let mut state = State::default();
    evolve(&mut state, &answered("a"), second(0));
    assert!(state.find("a", second(86_399)).is_some());
    assert!(state.find("a", second(86_400)).is_none());
    evolve(&mut state, &answered("b"), second(86_400));
    assert_eq!(state.len(), 1, "the old one is forgotten");
}

#[test]
fn a_flood_of_keys_pushes_the_oldest_out() {
    let mut state = State::default();
    for number in 0..=ANSWERS_MAX {
        evolve(&mut state, &answered(&number.to_string()), second(0));
    }
    assert_eq!(state.len(), ANSWERS_MAX);
    assert!(state.find("0", second(1)).is_none());
    assert!(state.find("1", second(1)).is_some());
}

#[test]
fn a_key_that_is_used_again_lives_from_then_on() {
    let mut state = State::default();
    evolve(&mut state, &answered("a"), second(0));
    evolve(&mut state, &answered("a"), second(86_400));
    evolve(&mut state, &answered("b"), second(90_000));
    assert!(state.find("a", second(90_000)).is_some());
}
