use super::Number;

#[test]
fn an_incident_is_called_by_its_number() {
    assert_eq!("INC-12".parse(), Ok(Number(12)));
    assert_eq!("inc-12".parse(), Ok(Number(12)));
    assert_eq!("12".parse(), Ok(Number(12)));
    assert_eq!("S-12".parse::<Number>(), Err("`S-12` is no incident; write INC-1".to_owned()));
}
