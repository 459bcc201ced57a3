use expect_test::expect;

use super::{Paint, cell, mark, painted, plain, table};

#[test]
fn columns_are_as_wide_as_their_widest_cell_and_numbers_are_flush_right() {
    let rows = vec![
        vec![painted("■ page", Paint::Red), cell("checkout"), cell("31.0 %")],
        vec![cell("  fine"), cell("é"), cell("9.5 %")],
    ];
    let text = table(&["STATE", "SERVICE", ">BUDGET"], &rows);
    expect![[r#"
        "\u{1b}[2mSTATE\u{1b}[0m   \u{1b}[2mSERVICE\u{1b}[0m   \u{1b}[2mBUDGET\u{1b}[0m\n\u{1b}[31m■ page\u{1b}[0m  checkout  31.0 %\n  fine  é          9.5 %\n"
    "#]]
    .assert_debug_eq(&text);
}

#[test]
fn a_plain_record_stays_on_its_line() {
    let rows = vec![vec!["INC-1".to_owned(), "two\nlines\tand a tab".to_owned()]];
    assert_eq!(plain(&rows), "INC-1\ttwo lines and a tab\n");
}

#[test]
fn a_state_is_told_by_shape_as_well_as_by_colour() {
    assert_eq!(mark("page").0, "■");
    assert_eq!(mark("ticket").0, "▲");
    assert_eq!(mark("no data").0, "◇");
    assert_eq!(mark("fine").0, " ");
}
