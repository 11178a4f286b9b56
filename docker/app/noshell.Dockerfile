# psql in an image without a shell, a package manager or any other program: what its libraries are is asked of ldd(1).
#
#   docker build -t pgseal-psql --build-arg APP=pgseal-app -f docker/app/noshell.Dockerfile docker/app
ARG APP=pgseal-app

FROM ${APP} AS full
USER root
ENTRYPOINT []
RUN mkdir /out \
    && psql=$(ls /usr/lib/postgresql/*/bin/psql) \
    && cp --parents --dereference $(ldd "$psql" | grep -o '/[^ ]*') "$psql" /out \
    && cp --parents -a /opt/pgseal /etc/pgseal /etc/passwd /out \
    && mkdir -p /out/bin \
    && mv "/out$psql" /out/bin/psql

FROM scratch
COPY --from=full /out/ /
ENV PATH=/bin PGSEAL_POLICY=/etc/pgseal/policy.conf
USER 10001
ENTRYPOINT ["/opt/pgseal/pgseal-run", "--"]
CMD ["psql", "--version"]
