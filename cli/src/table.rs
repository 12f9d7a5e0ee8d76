//! Columns of text, as kubectl prints them: a heading in capitals, three spaces between.

use crate::paint::harmless;

/// Rows under a heading; the last column is not padded. Nothing for no rows but the heading.
pub fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| one_line(cell)))
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([heading[column].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let head = line(&widths, &heading.map(str::to_owned));
    rows.iter()
        .fold(head, |text, row| text + &line(&widths, row))
}

fn line<const N: usize>(widths: &[usize; N], cells: &[String; N]) -> String {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        text += &format!("{cell:width$}   ");
    }
    format!("{}\n", text.trim_end())
}

fn one_line(cell: &str) -> String {
    harmless(cell).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["a".to_owned(), "x\ny".to_owned()],
            ["né-long".to_owned(), String::new()],
        ];
        assert_eq!(
            table(["NAME", "WHAT"], &rows),
            "NAME      WHAT\na         x y\nné-long\n"
        );
    }
}
