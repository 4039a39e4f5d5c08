module coffer/tests/clients/go

go 1.17

require github.com/miekg/pkcs11 v1.1.1
