//! What entries do in both layouts.

use super::*;

fn viewer(number: u32) -> EntryId {
    EntryId { author: InstanceId(1), subject: Subject::Viewer(ViewerId(number), 0) }
}

fn total() -> EntryId {
    EntryId { author: InstanceId(0), subject: Subject::Total }
}

fn at(ms: u64) -> Time {
    Time::from_ms(ms)
}

#[test]
fn an_entry_counts_until_the_cleaning_after_its_expiry() {
    for keeping in [StoreLayout::List, StoreLayout::Keyed] {
        let mut store = Store::new(keeping);
        assert!(store.extend_or_add(viewer(1), 1, at(10)));
        assert!(!store.extend_or_add(viewer(1), 1, at(20)));
        store.clean(at(19));
        assert_eq!(store.displayed(), 1);
        store.clean(at(20));
        assert_eq!(store.displayed(), 0);
        assert!(store.extend_or_add(viewer(1), 1, at(30)), "cleaned ids are unknown");
    }
}

#[test]
fn a_list_takes_a_known_id_twice_and_a_keyed_store_does_not() {
    for (keeping, shown) in [(StoreLayout::List, 2), (StoreLayout::Keyed, 1)] {
        let mut store = Store::new(keeping);
        store.add(viewer(1), 1, at(10));
        store.add(viewer(1), 1, at(20));
        assert_eq!(store.displayed(), shown);
    }
}

#[test]
fn replacing_leaves_the_ids_of_a_list_known_and_uncounted() {
    let mut store = Store::new(StoreLayout::List);
    *store.extend(viewer(1), 1, at(10)) = Some(at(1));
    store.replace(total(), 7, at(15), Some(at(3)));
    assert!(!store.extend_or_add(viewer(1), 1, at(30)));
    assert_eq!((store.displayed(), store.last_sent(viewer(1))), (7, Some(at(1))));
    assert_eq!(store.unexpired_viewers_of(InstanceId(1), at(20)), 1);
    store.clean(at(40));
    assert_eq!(store.displayed(), 0);
    assert!(!store.extend_or_add(viewer(1), 1, at(60)), "an unlisted entry is never cleaned");
}

#[test]
fn replacing_clears_a_keyed_store() {
    let mut store = Store::new(StoreLayout::Keyed);
    store.extend_or_add(viewer(1), 1, at(10));
    store.replace(total(), 7, at(15), Some(at(3)));
    assert!(store.extend_or_add(viewer(1), 1, at(12)));
    assert_eq!(store.displayed(), 8);
}

/// From the total on until the tick at or after its expiry, an entry that is no total, or a restart.
#[test]
fn a_total_is_displayed_as_long_as_its_entry_is_there() {
    for keeping in [StoreLayout::List, StoreLayout::Keyed] {
        let mut store = Store::new(keeping);
        assert_eq!(store.displayed_total(), None);
        store.replace(total(), 7, at(15), Some(at(3)));
        store.extend_or_add(viewer(1), 1, at(90));
        store.add(viewer(2), 1, at(90));
        store.clean(at(14));
        assert_eq!(store.displayed_total(), Some(at(3)), "{keeping:?}");
        store.replace(total(), 0, at(25), Some(at(13)));
        assert_eq!((store.displayed_total(), store.displayed()), (Some(at(13)), 0), "{keeping:?}");
        store.clean(at(25));
        assert_eq!(store.displayed_total(), None, "{keeping:?}");
        store.replace(total(), 7, at(40), Some(at(30)));
        store.replace(viewer(1), 1, at(50), None);
        assert_eq!(store.displayed_total(), None, "{keeping:?}");
        store.replace(total(), 7, at(60), Some(at(50)));
        store.restart();
        assert_eq!(store.displayed_total(), None, "{keeping:?}");
        store.extend_or_add(viewer(3), 1, at(90));
        let kept = (keeping == StoreLayout::Keyed).then_some(at(50));
        assert_eq!(store.displayed_total(), kept, "{keeping:?}");
    }
}

#[test]
fn setting_keeps_the_newest_count() {
    let mut store = Store::new(StoreLayout::List);
    for (count, expires, shown) in [(5, 10, 5), (3, 20, 3), (9, 15, 3), (0, 30, 0)] {
        store.set(viewer(1), count, at(expires));
        assert_eq!(store.displayed(), shown);
    }
}

#[test]
fn likeness_is_of_what_is_kept_and_not_of_how_it_came() {
    let near = Span::from_ms(5);
    let (mut one, mut other) = (Store::new(StoreLayout::List), Store::new(StoreLayout::List));
    one.replace(total(), 3, at(1), Some(at(0)));
    for store in [&mut one, &mut other] {
        store.replace(total(), 7, at(15), Some(at(3)));
        store.extend_or_add(viewer(1), 1, at(50));
    }
    one.add(viewer(2), 1, at(20));
    one.add(viewer(3), 1, at(30));
    other.add(viewer(3), 1, at(32));
    other.add(viewer(2), 1, at(17));
    assert!(one.is_like(&other, near) && other.is_like(&one, near));
    assert!(!one.is_like(&other, Span::from_ms(2)));
    other.clean(at(17));
    assert!(!one.is_like(&other, near), "one entry less");
    // a known viewer in no list is not one in the list
    let (mut listed, mut unlisted) = (Store::new(StoreLayout::List), Store::new(StoreLayout::List));
    unlisted.extend_or_add(viewer(1), 1, at(50));
    for store in [&mut listed, &mut unlisted] {
        store.replace(total(), 1, at(15), Some(at(3)));
    }
    listed.extend_or_add(viewer(1), 1, at(50));
    unlisted.add(viewer(1), 1, at(50));
    assert_eq!(listed.displayed(), unlisted.displayed());
    assert!(!listed.is_like(&unlisted, near));
    assert_eq!(one.nearest_expiry(at(33)), Some(Span::from_ms(3)));
    assert_eq!(Store::new(StoreLayout::List).nearest_expiry(at(33)), None);
}

#[test]
fn a_restart_loses_a_list_and_hides_a_keyed_store_until_it_is_touched() {
    let mut list = Store::new(StoreLayout::List);
    list.extend_or_add(viewer(1), 1, at(10));
    list.restart();
    assert!(list.extend_or_add(viewer(1), 1, at(20)));
    let mut keyed = Store::new(StoreLayout::Keyed);
    keyed.extend_or_add(viewer(1), 1, at(10));
    keyed.restart();
    assert_eq!(keyed.displayed(), 0);
    assert!(!keyed.extend_or_add(viewer(1), 1, at(20)));
    assert_eq!(keyed.displayed(), 1);
}

/// Whatever happens to a store, it knows what the others of an author count, and what all of the list do.
#[test]
fn what_an_author_counts_is_kept_up_to_date() {
    for keeping in [StoreLayout::List, StoreLayout::Keyed] {
        let mut store = Store::new(keeping);
        let other = EntryId { author: InstanceId(2), ..viewer(1) };
        let of_author = EntryId { author: InstanceId(1), ..total() };
        let counted = |store: &mut Store, but| (store.counted_beside(but), store.displayed());
        store.extend_or_add(viewer(1), 1, at(10));
        store.extend_or_add(other, 5, at(10));
        assert_eq!(counted(&mut store, viewer(1)), (0, 6));
        store.extend_or_add(viewer(2), 3, at(20));
        store.extend_or_add(viewer(1), 4, at(10));
        assert_eq!(counted(&mut store, viewer(1)), (3, 12));
        assert_eq!(counted(&mut store, viewer(3)), (7, 12));
        store.set(of_author, 8, at(20));
        store.set(of_author, 2, at(30));
        // what a total counts is changed by `set` alone
        store.extend_or_add(of_author, 1, at(30));
        assert_eq!(counted(&mut store, viewer(1)), (5, 14));
        store.remove(viewer(2));
        assert_eq!(counted(&mut store, of_author), (4, 11));
        store.clean(at(10));
        assert_eq!(counted(&mut store, viewer(1)), (2, 2));
        store.replace(total(), 7, at(40), None);
        let known = if keeping == StoreLayout::List { 2 } else { 0 };
        assert_eq!(counted(&mut store, viewer(1)), (known, 7));
    }
}
