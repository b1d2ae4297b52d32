//! Choosing the next bars: the agenda of a day, laid out and walked to its end, for members with
//! bars in every slot and for thin ones.
#![allow(missing_docs)] // criterion's macros make undocumented items.

// As it is, its tests included, which are left out where no test harness is linked.
#[path = "../../crates/coordinator/src/engine/agenda.rs"]
#[allow(unused_imports, dead_code)]
mod agenda;

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openbell_benches::cpu_of;

use agenda::Agenda;

const N_SLOTS: i64 = 390;

/// When the bars of each member close: one in `one_in` slots, at places that differ.
fn members(n_members: usize, one_in: i64) -> Vec<Vec<i64>> {
    let has_bar = |member: usize, slot: i64| (slot * 7 + member as i64 * 13) % one_in == 0;
    let closes = |member| (1..=N_SLOTS).filter(|&slot| has_bar(member, slot)).collect();
    (0..n_members).map(closes).collect()
}

fn walk(agenda: &mut Agenda, members: &[Vec<i64>]) -> usize {
    let slot_closes_ns: Vec<i64> = (1..=N_SLOTS).collect();
    agenda.lay(&slot_closes_ns, 0, members.iter().map(Vec::as_slice));
    let mut n_bars = 0;
    while let Some(instant) = agenda.next_ns() {
        agenda.take(instant);
        n_bars += agenda.taken().count();
    }
    n_bars
}

fn merge(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge");
    for n_members in [2, 100, 500, 5_000] {
        for (name, one_in) in [("dense", 1), ("thin", 10)] {
            let members = members(n_members, one_in);
            let mut agenda = Agenda::default();
            let n_bars = members.iter().map(Vec::len).sum::<usize>();
            assert_eq!(walk(&mut agenda, &members), n_bars);
            group.throughput(Throughput::Elements(n_bars as u64));
            group.measurement_time(Duration::from_secs(2)).sample_size(20);
            group.bench_function(format!("{name}_{n_members}"), |bencher| {
                bencher.iter_custom(|n| cpu_of(n, || _ = walk(&mut agenda, &members)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, merge);
criterion_main!(benches);
