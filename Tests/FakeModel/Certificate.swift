/// A certificate for 127.0.0.1 that signs itself, valid until 2120. Nobody but tests trusts it.
package let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBXjCCAQSgAwIBAgIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDApmYWtlIG1v
    ZGVsMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAVMRMwEQYDVQQD
    DApmYWtlIG1vZGVsMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEc5tKEUVVfB4j
    3E5NKO70+Y6dyw1a7VP6DvMlBDNsyz8Hhg64aWbBm1y/jEEq+fVHRC+zUN7J7BmA
    yru1yonYc6NDMEEwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMB0G
    A1UdDgQWBBR+D//GbJk+Fcm4yMt1T2fjUYgvwDAKBggqhkjOPQQDAgNIADBFAiEA
    6IQ763rX9JCPcVMXLeWRq9XgEUpS5H0WapIoQHPNFG0CIGT5dNBX61H7b/HOMOhX
    n6KSgCHmvLX/FUx2SzmmNVOD
    -----END CERTIFICATE-----

    """

/// Its private key, which is no secret.
package let certificateKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzvgAzVikuckZOozo
    6Q7xKNzqcByKikD8Q+gYaOeOmS2hRANCAARzm0oRRVV8HiPcTk0o7vT5jp3LDVrt
    U/oO8yUEM2zLPweGDrhpZsGbXL+MQSr59UdEL7NQ3snsGYDKu7XKidhz
    -----END PRIVATE KEY-----

    """
