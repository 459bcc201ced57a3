use nines_base::Labels;

use super::*;

#[test]
fn an_unknown_alert_has_no_chain() {
    assert_eq!(why(&State::default(), AlertKey::of(&Labels::empty())), None);
}
