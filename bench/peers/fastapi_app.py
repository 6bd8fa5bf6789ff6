"""A typical backend with FastAPI: a set of WebSockets and a loop over them."""

import json

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

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


@app.websocket("/ticks")
async def take(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            lines = (await websocket.receive_text()).split("\n")
            for line in lines:
                text = json.dumps(json.loads(line))
                for client in list(clients):
                    await client.send_text(text)
            await websocket.send_json({"accepted": len(lines)})
    except WebSocketDisconnect:
        pass
