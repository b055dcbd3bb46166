"""Answer what of the package runs inside ROS 2: the nodes. The only room that imports rclpy."""
