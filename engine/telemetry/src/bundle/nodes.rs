//! Services of a node, as `systemctl status` prints them.

use aegis_model::bundle::Daemon;

/// `nodes/<node>/<service>.txt`.
pub(super) fn daemon(path: &str, text: &str) -> Result<Daemon, String> {
    let mut parts = path.trim_start_matches("nodes/").splitn(2, '/');
    let (Some(node), Some(file)) = (parts.next(), parts.next()) else {
        return Err("a service of a node is nodes/NODE/SERVICE.txt".to_owned());
    };
    let name = file.rsplit('/').next().unwrap_or(file);
    let active = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Active:"));
    let Some(active) = active else {
        return Err("no line of it says whether the service is active".to_owned());
    };
    let state = active.split(" since ").next().unwrap_or(active).trim();
    let last_line = text.lines().rev().find(|line| !line.trim().is_empty());
    Ok(Daemon {
        node: node.to_owned(),
        name: name
            .rsplit_once('.')
            .map_or(name, |(stem, _)| stem)
            .to_owned(),
        state: state.to_owned(),
        running: state.starts_with("active (running)") || state.starts_with("active (exited)"),
        last_line: last_line.unwrap_or("").trim().to_owned(),
    })
}
