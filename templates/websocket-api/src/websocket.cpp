#include "websocket.h"

#include <utility>

WebSocket::~WebSocket() {
    if (socket_ > 0) emscripten_websocket_delete(socket_);
}

bool WebSocket::open(const std::string& url, const std::string& subprotocols) {
    if (!emscripten_websocket_is_supported()) return false;
    EmscriptenWebSocketCreateAttributes attributes{};
    attributes.url = url.c_str();
    attributes.protocols = subprotocols.empty() ? nullptr : subprotocols.c_str();
    attributes.createOnMainThread = true;
    socket_ = emscripten_websocket_new(&attributes);
    if (socket_ <= 0) return false;
    emscripten_websocket_set_onopen_callback(socket_, this, on_open);
    emscripten_websocket_set_onmessage_callback(socket_, this, on_message);
    // An error is always followed by a close, and says nothing that the close does not say.
    emscripten_websocket_set_onclose_callback(socket_, this, on_close);
    return true;
}

bool WebSocket::send(const std::string& message) {
    // The C interface is not const-correct in all releases.
    void* data = const_cast<char*>(message.data());
    const auto size = static_cast<std::uint32_t>(message.size());
    return emscripten_websocket_send_binary(socket_, data, size) == EMSCRIPTEN_RESULT_SUCCESS;
}

void WebSocket::close(int code, const std::string& reason) {
    if (socket_ <= 0) return;
    emscripten_websocket_close(socket_, static_cast<unsigned short>(code), reason.c_str());
}

WebSocket::Bool WebSocket::on_open(int, const EmscriptenWebSocketOpenEvent*, void* self) {
    static_cast<WebSocket*>(self)->events_.opened();
    return true;
}

WebSocket::Bool WebSocket::on_message(int, const EmscriptenWebSocketMessageEvent* event,
                                      void* self) {
    // Of a text, the zero that ends it is counted.
    const std::size_t size = event->numBytes - (event->isText ? 1 : 0);
    static_cast<WebSocket*>(self)->events_.received(
        {reinterpret_cast<const char*>(event->data), size});
    return true;
}

WebSocket::Bool WebSocket::on_close(int, const EmscriptenWebSocketCloseEvent* event, void* self) {
    static_cast<WebSocket*>(self)->events_.closed(event->code, event->reason);
    return true;
}
