# The robot's side: docker build -f docker/onboard.Dockerfile -t slim_split_onboard .
# docker run --rm --network host --ipc host --user $(id -u):$(id -g) -e HOME=/tmp -e ROS_DOMAIN_ID slim_split_onboard image_topic:=/camera/image_raw
# As the user of the other processes: those cannot open the shared memory of root's.
ARG DISTRO=jazzy
FROM ros:${DISTRO}-ros-base
SHELL ["/bin/bash", "-c"]

RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv --system-site-packages /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir 'numpy<2' onnxruntime zstandard 'av<19'

COPY . /ws/src/slim_split_ros
RUN cd /ws && apt-get update && rosdep update --rosdistro ${ROS_DISTRO} \
    && rosdep install --from-paths src --ignore-src -y --dependency-types=build \
        --dependency-types=buildtool --dependency-types=exec \
    && rm -rf /var/lib/apt/lists/* \
    && source /opt/ros/${ROS_DISTRO}/setup.bash && source /opt/venv/bin/activate \
    && colcon build --packages-select slim_split_ros --cmake-args -DBUILD_TESTING=OFF

COPY docker/run /run_launch
# `ros2 launch` ends its nodes on SIGINT alone.
STOPSIGNAL SIGINT
ENTRYPOINT ["/run_launch", "onboard.launch.py"]
