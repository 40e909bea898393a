{% macro seed_fingerprint(sql) %}
    {% set content = adapter.dispatch('seed_content', 'firn')() %}
    {% set definition = table_definition([]) %}
    {% set columns = tojson(model.columns, sort_keys=true) %}
    {{ return(local_md5(
        content ~ sql ~ tojson(definition, sort_keys=true) ~ columns
    )) }}
{% endmacro %}

{% macro duckdb__seed_content() %}
    {% set path = adapter.get_seed_file_path(model) | replace("'", "''") %}
    {% set content = run_query("select md5(content) from read_blob('" ~ path ~ "')") %}
    {{ return(content.rows[0][0]) }}
{% endmacro %}

{% macro spark__seed_content() %}
    {{ return(lake_call('md5_of_file', {'path': adapter.get_seed_file_path(model)})) }}
{% endmacro %}
