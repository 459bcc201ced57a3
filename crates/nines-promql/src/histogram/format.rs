//! A histogram as one line of text, which `count_values` makes a label of.

use std::fmt;

use nines_base::Histogram;

use super::bucket::{Bucket, Buckets, Side};
use crate::format::Shortest;

/// `{count:3, sum:4, [-2,-1):1, [-0.1,0.1]:1, (1,2]:1}`
pub(crate) struct Shown<'a>(pub(crate) &'a Histogram);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = self.0;
        write!(f, "{{count:{}, sum:{}", Shortest(it.count), Shortest(it.sum))?;
        let mut negative: Vec<_> = it.buckets(Side::Negative).collect();
        negative.reverse();
        let buckets = negative.into_iter().chain([it.zero_bucket()]);
        for bucket in buckets.chain(it.buckets(Side::Positive)).filter(|it| it.count != 0.0) {
            let Bucket { lower, upper, count, has_lower, has_upper } = bucket;
            let open = if has_lower { '[' } else { '(' };
            let close = if has_upper { ']' } else { ')' };
            let (lower, upper) = (Shortest(lower), Shortest(upper));
            write!(f, ", {open}{lower},{upper}{close}:{}", Shortest(count))?;
        }
        f.write_str("}")
    }
}
