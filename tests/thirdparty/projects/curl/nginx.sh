#!/bin/sh
# Serve one page with nginx: HOST PORT FOLDER
set -eu
mkdir -p "$3"
seq -f "line %g" 5000 > "$3/page.txt"
cat > "$3/nginx.conf" <<END
daemon off;
user $(id -un) $(id -gn);
pid $3/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $3/body;
  proxy_temp_path $3/proxy;
  fastcgi_temp_path $3/fastcgi;
  uwsgi_temp_path $3/uwsgi;
  scgi_temp_path $3/scgi;
  server {
    listen $1:$2;
    root $3;
  }
}
END
exec /usr/sbin/nginx -c "$3/nginx.conf" -p "$3"
