"""What the author of a backend would write with FastAPI: a set of WebSockets and a loop over them."""

import json

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect

app = FastAPI()
clients: set[WebSocket] = set()


@app.get("/")
async def ready():
    return {"ready": True}


@app.websocket("/ws")
async def listen(websocket: WebSocket):
    await websocket.accept()
    clients.add(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        clients.discard(websocket)


@app.post("/ticks")
async def ticks(request: Request):
    lines = (await request.body()).split(b"\n")
    for line in lines:
        text = json.dumps(json.loads(line))
        for client in list(clients):
            await client.send_text(text)
    return {"accepted": len(lines)}
