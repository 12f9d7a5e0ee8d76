//! When what a run has logged is on the disk.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

/// When what a run has logged outlives it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When it comes to rest. The fastest; a run that is killed leaves nothing.
    Exit,
    /// At each step: the kernel has every line as soon as it is told, and keeps it if the program is killed. It is
    /// forced to the disk where the run comes to rest.
    #[default]
    Step,
    /// At each step it is forced to the disk, and outlives a loss of power.
    Sync,
}

/// A log of a run, open at its end.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    held: Vec<u8>,
    durability: Durability,
}

impl LogFile {
    /// A log from this place of a file on; what is behind it is cut away.
    ///
    /// # Errors
    /// The file cannot be cut or read.
    pub fn behind(mut file: File, bytes: u64, durability: Durability) -> io::Result<Self> {
        // A device has no length; it takes what it is given.
        if file.metadata()?.is_file() {
            file.set_len(bytes)?;
            file.seek(SeekFrom::Start(bytes))?;
        }
        Ok(Self {
            file,
            held: Vec::new(),
            durability,
        })
    }

    /// A step is over.
    ///
    /// # Errors
    /// It cannot be forced to the disk.
    pub fn step(&mut self) -> io::Result<()> {
        match self.durability {
            Durability::Sync => self.file.sync_data(),
            Durability::Step | Durability::Exit => Ok(()),
        }
    }

    /// The run comes to rest.
    ///
    /// # Errors
    /// What was held cannot be written, or not be forced to the disk.
    pub fn rest(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.file.write_all(&held)?;
        if self.file.metadata()?.is_file() {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.durability {
            Durability::Exit => self.held.write(bytes),
            Durability::Step | Durability::Sync => self.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn written(durability: Durability) -> (String, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        fs::write(&path, "1\n2\nto").expect("written");
        let file = File::options().write(true).open(&path).expect("open");
        let mut log = LogFile::behind(file, 4, durability).expect("a log");
        log.write_all(b"3\n").expect("written");
        log.step().expect("a step");
        let before = fs::read_to_string(&path).expect("read");
        log.rest().expect("at rest");
        (before, fs::read_to_string(&path).expect("read"))
    }

    #[test]
    fn a_torn_line_is_cut_back_and_a_log_goes_on_behind_whole_ones() {
        for durability in [Durability::Exit, Durability::Step, Durability::Sync] {
            assert_eq!(written(durability).1, "1\n2\n3\n", "{durability:?}");
        }
    }

    #[test]
    fn what_a_killed_program_leaves_depends_on_the_durability() {
        assert_eq!(written(Durability::Exit).0, "1\n2\n");
        assert_eq!(written(Durability::Step).0, "1\n2\n3\n");
        assert_eq!(written(Durability::Sync).0, "1\n2\n3\n");
    }
}
