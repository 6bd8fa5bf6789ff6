"""What Python's ssl makes of a server: python3 client.py HOST PORT CA"""
import json, socket, ssl, sys

host, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context(cafile=ca)
with socket.create_connection((host, port)) as plain:
    with context.wrap_socket(plain, server_hostname=host) as secure:
        secure.sendall(f"GET /snapshot HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: secure.recv(65536), b""))
        subject = dict(pair[0] for pair in secure.getpeercert()["subject"])
        status = int(answer.split()[1])
        print(json.dumps({"version": secure.version(), "status": status, "name": subject["commonName"]}))
