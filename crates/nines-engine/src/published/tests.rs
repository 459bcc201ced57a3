use super::*;

fn at_seq(seq: u64) -> State {
    let mut state = State::default();
    state.seq = seq;
    state
}

#[test]
fn a_reader_keeps_what_it_looks_at_and_the_engine_goes_on() {
    let published = Published::new(State::default());
    let before = published.read();
    let working = at_seq(1);
    published.follow(&working, |_| panic!("somebody looks at it"));
    assert_eq!((before.seq, published.read().seq), (0, 1));
}

#[test]
fn without_readers_nothing_is_copied() {
    let published = Published::new(State::default());
    let place = Arc::as_ptr(&published.read());
    let working = at_seq(1);
    published.follow(&working, |state| state.seq = 1);
    assert_eq!(published.read().seq, 1);
    assert_eq!(Arc::as_ptr(&published.read()), place);
}
