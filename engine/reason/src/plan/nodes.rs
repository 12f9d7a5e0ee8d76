//! Nodes that a plan needs and the cluster does not have: what waits for a place and what the plan places, against what
//! is left of the nodes that are there.

use aegis_model::objects::{ConditionStatus, Node, WorkloadSpec};
use aegis_model::procedure::Procedure;
use aegis_model::{Action, NodeId, Objects, Quantity, Target, TemplateId};

/// Requests, or what is left for them: millicores, bytes.
type Room = [u64; 2];

/// Further nodes for each that is there, at most: more than that is no repair.
const MOST: usize = 2;

/// The same actions after as many further nodes as they need, at most [`MOST`] for each of those that are there: of the
/// kinds of nodes outside of the zone of what is at fault first. `None` where all fits, or nothing that is left over fits a further node.
#[must_use]
pub fn with_nodes(objects: &Objects, target: Target, own: &[Action]) -> Option<Vec<Action>> {
    let emptied: Vec<NodeId> = own.iter().filter_map(Action::emptied).collect();
    let stays = |id: &NodeId| is_open(&objects.nodes[id.index()]) && !emptied.contains(id);
    let all = (0..objects.nodes.len()).map(NodeId::from);
    let mut kinds: Vec<NodeId> = all.filter(stays).collect();
    let mut rooms: Vec<Room> = kinds.iter().map(|id| left(objects, *id)).collect();
    let mut pods = placed(objects, &kinds, own);
    pods.sort_unstable_by(|a, b| b.cmp(a));
    pods.retain(|pod| !fit(&mut rooms, *pod));
    let zone = match target {
        Target::Node(node) => objects.zone(node),
        _ => None,
    };
    kinds.sort_by_key(|id| zone.is_some() && objects.zone(*id) == zone);
    let added = wanted(objects, &kinds, &pods);
    let add = added.into_iter().map(|like| Action::Exec {
        on: Target::Node(like),
        procedure: Procedure::AddNode,
    });
    let actions: Vec<Action> = add.chain(own.iter().cloned()).collect();
    (actions.len() > own.len()).then_some(actions)
}

/// The kinds of nodes that are added, so that pods have a place: each in turn.
fn wanted(objects: &Objects, kinds: &[NodeId], pods: &[Room]) -> Vec<NodeId> {
    let mut added: Vec<NodeId> = Vec::new();
    let mut rooms: Vec<Room> = Vec::new();
    for pod in pods {
        if fit(&mut rooms, *pod) || added.len() >= MOST * kinds.len() {
            continue;
        }
        let like = kinds[added.len() % kinds.len()];
        rooms.push(empty(objects, like));
        if fit(&mut rooms, *pod) {
            added.push(like);
        } else {
            // It fits no node of the kind.
            rooms.pop();
        }
    }
    added
}

/// Takes the pod in where it first fits; whether it does.
fn fit(rooms: &mut [Room], pod: Room) -> bool {
    let fits = |room: &&mut Room| room[0] >= pod[0] && room[1] >= pod[1];
    let Some(room) = rooms.iter_mut().find(fits) else {
        return false;
    };
    *room = [room[0] - pod[0], room[1] - pod[1]];
    true
}

/// Whether pods go there.
fn is_open(node: &Node) -> bool {
    let ready = node.condition("Ready") == ConditionStatus::True;
    node.header.exists() && ready && !node.spec.unschedulable
}

/// What pods ask for that have no place, or lose it by the actions: those on other nodes than `kinds`, and those that come.
fn placed(objects: &Objects, kinds: &[NodeId], own: &[Action]) -> Vec<Room> {
    let homeless = objects.pods.iter().filter(|pod| {
        let row = &objects.workloads[pod.workload.index()];
        let lost = pod.node.is_none_or(|node| !kinds.contains(&node));
        pod.is_active() && lost && !matches!(*row.spec, WorkloadSpec::DaemonSet(_))
    });
    let homeless = homeless.map(|pod| request(objects, pod.template));
    let more = own.iter().flat_map(|action| {
        let Action::Scale { workload, replicas } = action else {
            return Vec::new();
        };
        let row = &objects.workloads[workload.index()];
        let now = row.spec.replicas().unwrap_or(0);
        let each = request(objects, row.template);
        vec![each; replicas.saturating_sub(now) as usize]
    });
    homeless.chain(more).collect()
}

/// What the containers of a template ask for.
fn request(objects: &Objects, template: TemplateId) -> Room {
    let containers = &objects.templates[template.index()].spec.spec.containers;
    let of = |name: &str, amount: fn(Quantity) -> u64| -> u64 {
        let asked = containers.iter().filter_map(|c| c.resources.request(name));
        asked.map(amount).sum()
    };
    [
        of("cpu", |cpu| cpu.millicores().0),
        of("memory", |memory| memory.bytes().0),
    ]
}

/// What a node has for pods.
fn allocatable(node: &Node) -> Room {
    let has = &node.capacity.allocatable;
    let cpu = has.cpu().map_or(0, |cpu| cpu.0);
    [cpu, has.memory().map_or(0, |memory| memory.0)]
}

/// What pods on a node leave of it, of all of them or of those of DaemonSets.
fn less(objects: &Objects, node: NodeId, counts: impl Fn(&WorkloadSpec) -> bool) -> Room {
    let here = objects.pods.iter().filter(|pod| {
        let row = &objects.workloads[pod.workload.index()];
        pod.node == Some(node) && pod.is_active() && counts(&row.spec)
    });
    here.fold(allocatable(&objects.nodes[node.index()]), |room, pod| {
        let asked = request(objects, pod.template);
        [
            room[0].saturating_sub(asked[0]),
            room[1].saturating_sub(asked[1]),
        ]
    })
}

fn left(objects: &Objects, node: NodeId) -> Room {
    less(objects, node, |_| true)
}

/// What a new node of a kind has once the DaemonSets are there.
fn empty(objects: &Objects, like: NodeId) -> Room {
    less(objects, like, |spec| {
        matches!(spec, WorkloadSpec::DaemonSet(_))
    })
}
