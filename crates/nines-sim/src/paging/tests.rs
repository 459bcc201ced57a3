use super::*;

#[test]
fn no_seed_loses_a_page_repeats_one_unmarked_or_pages_after_the_answer() {
    for seed in 0..60 {
        simulate_paging(seed);
    }
}
