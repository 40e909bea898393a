{% macro seed_fingerprint(sql) %}
    {% set path = adapter.get_seed_file_path(model) | replace("'", "''") %}
    {% set content = run_query("select md5(content) from read_blob('" ~ path ~ "')") %}
    {% set definition = table_definition([]) %}
    {% set columns = tojson(model.columns, sort_keys=true) %}
    {{ return(local_md5(
        content.rows[0][0] ~ sql ~ tojson(definition, sort_keys=true) ~ columns
    )) }}
{% endmacro %}
