//! Tables as `kubectl get all -o wide` prints them.
