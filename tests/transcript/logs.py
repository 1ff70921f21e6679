"""What programs of three generations really wrote, payloads shortened."""

from __future__ import annotations

__all__ = ["FAILED", "NEW", "NEW_SERVER", "OLD", "OLD_SERVER", "PTHREAD"]

# 3.1.6, standard output
OLD = """\
connect: ws://127.0.0.1:9321/, binary
websocket adding peer: 127.0.0.1:9321
connect -1 Operation in progress
websocket handle open
Socket open fd = 3
websocket send (15 bytes): 104,101,108,108,111,32,101,109,115,111,99,107,101,116,115
websocket handle message (15 bytes): 104,101,108,108,111,32,101,109,115,111,99,107,101,116,115
Socket message fd = 3
websocket read (15 bytes): 104,101,108,108,111,32,101,109,115,111,99,107,101,116,115
websocket read: put back 5 bytes
got hello emsockets
Socket close fd = null
"""
# 6.0.5, standard error
NEW = """\
locateFile: loopd.wasm scriptDirectory: /home/me/
asynchronously preparing wasm
receiveInstance
assigning exports
updateMemoryViews: first=true size=16908288
done __wasm_call_ctors
done ATPOSTCTORS
initRuntime
websocket: connect: ws://127.0.0.1:9321/, base64,binary
websocket: adding peer: 127.0.0.1:9321
proc_exit: 0 (keepRuntimeAlive=true)
handleException: unwinding: EXITSTATUS=0
socket sendmsg called while socket is still connecting.
websocket: queuing (3 bytes): 1,2,3
websocket: handle open
websocket: sending queued data (3 bytes): 1,2,3
websocket: open fd = 3
maybeExit: user callback done: runtimeKeepaliveCounter=0
websocket: send (0 bytes):\x20
websocket: handle message (15 bytes): 104,101,108,108,111,32,101,109,115,111,99,107,101,116,115
websocket: message fd = 3
websocket: read (15 bytes): 104,101,108,108,111,32,101,109,115,111,99,107,101,116,115
websocket: read: put back 983040 bytes
emscripten_force_exit
websocket: close fd = null
"""
# 3.1.6 and 6.0.5, nothing listens; 6.0.5 without ws
FAILED = """\
Socket error 3,14,ECONNREFUSED: Connection refused
Socket close fd = 3
websocket: error 3,14,ECONNREFUSED: Connection refused
websocket: close fd = 3
websocket: error connecting: Error: Cannot find module 'ws'
"""
OLD_SERVER = """\
listen: 0.0.0.0:9000
Socket listen fd = 3
received connection from: 127.0.0.1:41000
Socket connection fd = 4
"""
NEW_SERVER = """\
websocket: listen: 0.0.0.0:9000
websocket: listen fd = 3
websocket: received connection from: 127.0.0.1:41000
websocket: connection fd = 4
websocket: queuing port message (port 1234)
"""
# 6.0.5 at -O0 with -pthread: dbg() names the thread
PTHREAD = """\
w:0,t:0x00012200: websocket: send (2 bytes): 1,2
runtimeKeepalivePush -> counter=1
worker: Pthread 0x12200 completed its main entry point with an 'unwind', keeping the worker alive
async poll start
"""
