"""The nodes, their parameters and messages; with `demo/` the only room that imports rclpy."""
