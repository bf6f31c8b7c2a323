//! MDAV, maximum distance to average vector (Domingo-Ferrer, Torra, Data Mining and Knowledge
//! Discovery 11, 2005): groups of `k` to `2k − 1` records that are near each other.

use std::ops::ControlFlow;

use crate::transform::numbers::{float, moments, quotient};
use crate::transform::{Done, TransformError, Watch};

/// The groups of `records`, lists of numbers of one length, as places in the list. Distances are
/// Euclidean after each column has been divided by its standard deviation; of records that are
/// equally far the one with the smaller numbers is taken. So the groups' contents do not depend on
/// the order of the records.
pub(super) fn groups(
    records: &[Vec<i64>],
    k: usize,
    watch: Watch<'_>,
) -> Result<Vec<Vec<usize>>, TransformError> {
    let mut left = Cloud::of(records);
    let mut groups = Vec::new();
    while left.places.len() >= k.saturating_mul(3) {
        let far = left.farthest(&left.centroid());
        groups.push(left.take_nearest(&far, k));
        let opposite = left.farthest(&far);
        groups.push(left.take_nearest(&opposite, k));
        let done = records.len() - left.places.len();
        let number = |rows| u64::try_from(rows).unwrap_or(u64::MAX);
        let progress = Done { done: number(done), of: number(records.len()) };
        if let ControlFlow::Break(()) = watch(progress) {
            return Err(TransformError::Interrupted);
        }
    }
    if left.places.len() >= k.saturating_mul(2) {
        let far = left.farthest(&left.centroid());
        groups.push(left.take_nearest(&far, k));
    }
    let last = left.places.len();
    groups.push(left.take_nearest(&left.centroid(), last));
    Ok(groups)
}

/// Records that are in no group yet.
struct Cloud<'a> {
    records: &'a [Vec<i64>],
    /// Of each column mean and standard deviation over all records.
    scales: Vec<(f64, f64)>,
    /// The records that are left, by ascending numbers.
    places: Vec<usize>,
    /// Their standardised coordinates, one after the other.
    points: Vec<f64>,
    /// The sum of each column over them.
    sums: Vec<i128>,
}

impl<'a> Cloud<'a> {
    fn of(records: &'a [Vec<i64>]) -> Self {
        let width = records.first().map_or(0, Vec::len);
        let column = |at: usize| records.iter().filter_map(move |record| record.get(at).copied());
        let scales: Vec<(f64, f64)> = (0..width).map(|at| moments(column(at))).collect();
        let mut places: Vec<usize> = (0..records.len()).collect();
        places.sort_by_key(|&place| records.get(place));
        let sorted = places.iter().filter_map(|&place| records.get(place));
        let points = sorted
            .flat_map(|record| {
                record.iter().zip(&scales).map(|(&n, scale)| standard(float(n), scale))
            })
            .collect();
        let sums = (0..width).map(|at| column(at).map(i128::from).sum()).collect();
        Self { records, scales, places, points, sums }
    }

    fn centroid(&self) -> Vec<f64> {
        let mean = |sum: &i128| quotient(*sum, self.places.len());
        self.sums.iter().zip(&self.scales).map(|(sum, scale)| standard(mean(sum), scale)).collect()
    }

    fn points(&self) -> impl Iterator<Item = &[f64]> {
        self.points.chunks_exact(self.scales.len().max(1))
    }

    /// The first of the points that are farthest from `point`.
    fn farthest(&self, point: &[f64]) -> Vec<f64> {
        let mut best: (f64, &[f64]) = (-1.0, &[]);
        for other in self.points() {
            let distance = squared_distance(other, point);
            if distance > best.0 {
                best = (distance, other);
            }
        }
        best.1.to_vec()
    }

    /// Takes the `k` records that are nearest to `point` out of the cloud.
    fn take_nearest(&mut self, point: &[f64], k: usize) -> Vec<usize> {
        // By distance, then by order: at most `k`.
        let mut nearest: Vec<(f64, usize)> = Vec::with_capacity(k.saturating_add(1));
        for (other, at) in self.points().zip(0..) {
            let distance = squared_distance(other, point);
            let full = nearest.len() >= k;
            if full && nearest.last().is_none_or(|last| distance >= last.0) {
                continue;
            }
            let place = nearest.partition_point(|(other, _)| *other <= distance);
            nearest.insert(place, (distance, at));
            nearest.truncate(k);
        }
        let mut taken: Vec<usize> = nearest.into_iter().map(|(_, at)| at).collect();
        taken.sort_unstable();
        self.remove(&taken)
    }

    /// Removes the records at these ascending positions and gives their places in the list.
    fn remove(&mut self, taken: &[usize]) -> Vec<usize> {
        let width = self.scales.len().max(1);
        let mut group = Vec::with_capacity(taken.len());
        for (already, &at) in taken.iter().enumerate() {
            let end = taken.get(already + 1).copied().unwrap_or(self.places.len());
            group.extend(self.places.get(at));
            // What lies between two that are taken moves up by as many as were taken before.
            self.places.copy_within(at + 1..end, at - already);
            self.points.copy_within((at + 1) * width..end * width, (at - already) * width);
        }
        self.places.truncate(self.places.len() - taken.len());
        self.points.truncate(self.points.len() - taken.len() * width);
        for record in group.iter().filter_map(|&place: &usize| self.records.get(place)) {
            for (sum, &number) in self.sums.iter_mut().zip(record) {
                *sum -= i128::from(number);
            }
        }
        group
    }
}

/// A column that is constant keeps nobody apart.
fn standard(number: f64, (mean, deviation): &(f64, f64)) -> f64 {
    if *deviation > 0.0 { (number - mean) / deviation } else { 0.0 }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(records: &[Vec<i64>], k: usize) -> Vec<Vec<usize>> {
        groups(records, k, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    /// The contents of groups, in an order of their own.
    fn contents(records: &[Vec<i64>], groups: &[Vec<usize>]) -> Vec<Vec<Vec<i64>>> {
        let mut contents: Vec<Vec<Vec<i64>>> = groups
            .iter()
            .map(|group| {
                let mut list: Vec<Vec<i64>> = group.iter().map(|&at| records[at].clone()).collect();
                list.sort_unstable();
                list
            })
            .collect();
        contents.sort_unstable();
        contents
    }

    /// The paper's steps, as plainly as they can be written: lists, sorts and no sums that are kept.
    fn by_the_paper(records: &[Vec<i64>], k: usize) -> Vec<Vec<usize>> {
        let n = float(i64::try_from(records.len()).unwrap());
        let width = records[0].len();
        let points: Vec<Vec<f64>> = {
            let mean = |c: usize| records.iter().map(|r| float(r[c])).sum::<f64>() / n;
            let deviation = |c: usize| {
                (records.iter().map(|r| (float(r[c]) - mean(c)).powi(2)).sum::<f64>() / n).sqrt()
            };
            let scales: Vec<(f64, f64)> = (0..width).map(|c| (mean(c), deviation(c))).collect();
            let z = |r: &Vec<i64>| (0..width).map(|c| standard(float(r[c]), &scales[c])).collect();
            records.iter().map(z).collect()
        };
        let distance =
            |a: &[f64], b: &[f64]| -> f64 { (0..width).map(|c| (a[c] - b[c]).powi(2)).sum() };
        let mut left: Vec<usize> = (0..records.len()).collect();
        left.sort_by(|a, b| records[*a].cmp(&records[*b]));
        let centroid = |left: &[usize]| -> Vec<f64> {
            let size = float(i64::try_from(left.len()).unwrap());
            (0..width).map(|c| left.iter().map(|&at| points[at][c]).sum::<f64>() / size).collect()
        };
        let by_distance = |left: &[usize], from: &[f64]| -> Vec<usize> {
            let mut sorted = left.to_vec();
            sorted.sort_by(|a, b| {
                distance(&points[*a], from).total_cmp(&distance(&points[*b], from))
            });
            sorted
        };
        let farthest = |left: &[usize], from: &[f64]| -> usize {
            let far = *by_distance(left, from).last().unwrap();
            let most = distance(&points[far], from);
            *left.iter().find(|at| distance(&points[**at], from) == most).unwrap()
        };
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut around = |left: &mut Vec<usize>, at: usize| {
            let group: Vec<usize> = by_distance(left, &points[at])[..k].to_vec();
            left.retain(|place| !group.contains(place));
            groups.push(group);
        };
        while left.len() >= 3 * k {
            let far = farthest(&left, &centroid(&left));
            around(&mut left, far);
            let opposite = farthest(&left, &points[far]);
            around(&mut left, opposite);
        }
        if left.len() >= 2 * k {
            let far = farthest(&left, &centroid(&left));
            around(&mut left, far);
        }
        groups.push(left);
        groups
    }

    /// Distances that differ by rounding alone are told apart differently by the two: records on
    /// scales without common structure have none.
    fn records() -> impl Strategy<Value = Vec<Vec<i64>>> {
        let record = (0_i64..1_000_003, 0_i64..9_999_991);
        prop::collection::vec(record.prop_map(|(a, b)| vec![a, b]), 6..60)
    }

    proptest! {
        #[test]
        fn groups_are_those_of_the_paper(records in records(), k in 2_usize..4) {
            let (ours, theirs) = (of(&records, k), by_the_paper(&records, k));
            prop_assert_eq!(contents(&records, &ours), contents(&records, &theirs));
        }

        #[test]
        fn sizes_are_from_k_to_less_than_twice_as_many(
            records in prop::collection::vec(prop::collection::vec(-3_i64..4, 3), 4..50),
            k in 2_usize..5,
        ) {
            let groups = of(&records, k);
            let mut places: Vec<usize> = groups.concat();
            places.sort_unstable();
            prop_assert_eq!(places, (0..records.len()).collect::<Vec<_>>());
            prop_assert!(groups.iter().all(|group| (k..2 * k).contains(&group.len())));
        }

        #[test]
        fn the_order_of_records_does_not_matter(
            (records, shuffled) in prop::collection::vec(prop::collection::vec(-3_i64..4, 2), 4..40)
                .prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
        ) {
            let found = contents(&records, &of(&records, 3));
            prop_assert_eq!(found, contents(&shuffled, &of(&shuffled, 3)));
        }
    }

    #[test]
    fn a_small_example_by_hand() {
        // Mean 28/7 = 4: 12 is farthest, with 5 beside it; opposite is 0 with 1; 2, 3 and 5 are left.
        let records: Vec<Vec<i64>> = [0, 1, 2, 3, 5, 5, 12].into_iter().map(|n| vec![n]).collect();
        let found = contents(&records, &of(&records, 2));
        let expected = [vec![0, 1], vec![2, 3, 5], vec![5, 12]];
        assert_eq!(
            found,
            expected.map(|group| group.into_iter().map(|n| vec![n]).collect::<Vec<_>>())
        );
    }

    #[test]
    fn it_can_be_stopped() {
        let records: Vec<Vec<i64>> = (0..30).map(|n| vec![n]).collect();
        let stopped = groups(&records, 2, &mut |_| ControlFlow::Break(()));
        assert_eq!(stopped, Err(TransformError::Interrupted));
    }
}
