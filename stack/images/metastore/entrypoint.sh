#!/bin/sh
# metastore: serves, on a schema that is there. init: makes or upgrades the schema and ends.
# Environment: METASTORE_DB_URL, METASTORE_DB_USER, METASTORE_DB_PASSWORD, METASTORE_WAREHOUSE,
# S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY; METASTORE_OPTS goes to the JVM.
set -eu
export METASTORE_HOME=/opt/hive HIVE_HOME=/opt/hive

hive() {
    # shellcheck disable=SC2086
    exec java ${METASTORE_OPTS:--Xmx384m} \
        --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.net=ALL-UNNAMED \
        --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED \
        -Dlog4j2.configurationFile=/opt/hive/conf/metastore-log4j2.properties \
        -cp "/opt/hive/conf:/opt/hive/lib/*:/opt/hadoop/lib/*" "$@"
}

case ${1:-metastore} in
    metastore) hive org.apache.hadoop.hive.metastore.HiveMetaStore -p 9083 ;;
    init) hive org.apache.hadoop.hive.metastore.tools.schematool.MetastoreSchemaTool \
        -dbType mysql -initOrUpgradeSchema ;;
    *) exec "$@" ;;
esac
