//! A table from numbers that are given once and never again to values, without paying for the values that are gone.
//!
//! It must not know what the values are.

/// Numbers of one page: small enough that a few survivors keep little memory.
const PAGE_SLOTS: usize = 64;

/// Values by rising number. A page whose values are all gone costs one word.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    table: Vec<Option<Box<Page<T>>>>,
    next: u32,
    len: usize,
}

#[derive(Debug)]
struct Page<T> {
    slots: Vec<Option<T>>,
    live: usize,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { table: Vec::new(), next: 0, len: 0 }
    }
}

fn split(number: u32) -> (usize, usize) {
    (number as usize / PAGE_SLOTS, number as usize % PAGE_SLOTS)
}

impl<T> Pages<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The number that [`Self::push`] gives next.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    pub(crate) fn push(&mut self, value: T) -> u32 {
        let number = self.next;
        self.next = number.checked_add(1).expect("memory ends long before 2^32 series");
        let (page, _) = split(number);
        if self.table.len() <= page {
            let slots = Vec::with_capacity(PAGE_SLOTS);
            self.table.push(Some(Box::new(Page { slots, live: 0 })));
        }
        if let Some(slot) = self.table.get_mut(page) {
            // The last page may have been freed while it was still being filled.
            let fresh = || Box::new(Page { slots: Vec::with_capacity(PAGE_SLOTS), live: 0 });
            let page = slot.get_or_insert_with(fresh);
            page.slots.resize_with(split(number).1, || None);
            page.slots.push(Some(value));
            page.live += 1;
        }
        self.len += 1;
        number
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let (page, slot) = split(number);
        self.table.get(page)?.as_ref()?.slots.get(slot)?.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let (page, slot) = split(number);
        self.table.get_mut(page)?.as_mut()?.slots.get_mut(slot)?.as_mut()
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let (page, slot) = split(number);
        let place = self.table.get_mut(page)?;
        let held = place.as_mut()?;
        let removed = held.slots.get_mut(slot)?.take()?;
        held.live -= 1;
        self.len -= 1;
        if held.live == 0 {
            *place = None;
        }
        Some(removed)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let pages = self.table.iter().enumerate();
        pages.filter_map(|(index, page)| Some((index, page.as_ref()?))).flat_map(|(index, page)| {
            let slots = page.slots.iter().enumerate();
            slots.filter_map(move |(slot, value)| {
                let number = u32::try_from(index * PAGE_SLOTS + slot).ok()?;
                Some((number, value.as_ref()?))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_never_given_twice_and_empty_pages_are_freed() {
        let mut pages = Pages::default();
        for number in 0..200 {
            assert_eq!(pages.push(number * 2), number);
        }
        for number in (0..200).filter(|it| it % 50 != 7) {
            assert_eq!(pages.remove(number), Some(number * 2));
        }
        assert_eq!(pages.remove(0), None);
        assert_eq!(
            pages.iter().collect::<Vec<_>>(),
            [(7, &14), (57, &114), (107, &214), (157, &314)]
        );
        for number in [7, 57, 107, 157] {
            pages.remove(number);
        }
        assert!(pages.table.iter().all(Option::is_none));
        assert_eq!((pages.push(1), pages.len(), pages.get(200)), (200, 1, Some(&1)));
        assert_eq!(pages.get(199), None);
    }
}
