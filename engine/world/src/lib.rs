//! What is hidden: the true cluster, the true faults, the schedule.
