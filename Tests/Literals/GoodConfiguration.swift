/// A valid file, with one line for each thing that the tests change.
public let goodConfiguration = """
    state: state
    listen: ["0.0.0.0:8443"]
    portal: {name: school, hostname: portal.test, title: The School}
    labs_domain: labs.test
    tls: {certificate: tls/edge.pem, key: tls/edge.key}
    hosts:
      - name: one
        endpoint: unix:///run/docker.sock
        slots: 40
        memory: 32GiB
      - name: two
        endpoint: tcp://10.0.0.5:2376
        tls: {ca: tls/ca.pem, certificate: tls/client.pem, key: tls/client.key}
        publish_address: 10.0.0.5
        slots: 20
        memory: 16GiB
        overcommit: 1.5
        maximum_starts: 4
    labs:
      - name: python
        image: carrel/jupyterlab:1
        idle_timeout: 20m
      - name: r
        title: R and RStudio
        kind: rstudio
        image: rocker/rstudio
        environment: {MODE: course}
    """
