use std::io::{Error, ErrorKind};
use std::path::Path;

use super::OpenError;

#[test]
fn faults_that_people_meet_say_what_to_do() {
    let check = |kind: ErrorKind, expect: &str| {
        let error = OpenError::from_io(Path::new("data"), Error::from(kind));
        assert_eq!(error.to_string(), expect);
    };
    let not_permitted = "no permission to write to the data folder data; \
        make it writable for this user, or choose another --data";
    check(ErrorKind::PermissionDenied, not_permitted);
    check(ErrorKind::ReadOnlyFilesystem, not_permitted);
    check(
        ErrorKind::StorageFull,
        "the disk of the data folder data is full; free some space, or choose another --data",
    );
    check(ErrorKind::NotADirectory, "failed to open the journal in data");
}
