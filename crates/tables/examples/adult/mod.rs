//! Tables of the shape of `adult.csv`, of any size, the same in every run.

/// A column as texts and the place of each row's text among them.
pub(crate) type Coded = (Vec<String>, Vec<u32>);

/// Rows drawn again; a cell in ten is another draw from its column. So were the tables scaled on
/// which the figures of other tools were measured.
pub(crate) fn scaled(columns: &[&[u32]], rows: usize) -> Vec<Vec<u32>> {
    let mut draws = Draws::new(42);
    let count = columns.first().map_or(0, |codes| codes.len());
    let mut out: Vec<Vec<u32>> = columns.iter().map(|_| Vec::with_capacity(rows)).collect();
    for _ in 0..rows {
        let row = draws.below(count);
        for (codes, out) in columns.iter().zip(&mut out) {
            let row = if draws.below(10) == 0 { draws.below(count) } else { row };
            out.extend(codes.get(row));
        }
    }
    out
}

/// 30,162 rows with so many values in each column, some of them frequent: the lowest of three draws.
pub(crate) fn made_up(distinct: &[usize]) -> Vec<Coded> {
    let mut draws = Draws::new(1);
    let column = |&distinct: &usize| {
        let texts = (0..distinct).map(|value| format!("value {value}")).collect();
        let mut lowest = || (0..3).map(|_| draws.below(distinct)).min().unwrap_or_default();
        let codes = (0..30_162).map(|_| u32::try_from(lowest()).unwrap_or_default());
        (texts, codes.collect())
    };
    distinct.iter().map(column).collect()
}

/// Numbers that are the same in every run (splitmix64).
struct Draws(u64);

impl Draws {
    const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(mixed % bound).unwrap_or(usize::MAX)
    }
}

/// The first line of a file, empty if it cannot be read.
pub(crate) fn first_line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Bytes of memory that can be had.
pub(crate) fn free_memory() -> std::io::Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(kilobytes.unwrap_or_default() * 1_024)
}
