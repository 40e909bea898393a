{% macro seed_rows(sql) %}
    {{ return(adapter.dispatch('seed_rows', 'firn')(sql)) }}
{% endmacro %}

{% macro duckdb__seed_rows(sql) %}
    {{ return(sql) }}
{% endmacro %}

{% macro spark__seed_rows(sql) %}
    {% set name = ['firn', local_md5(model.unique_id), 'seed'] | join('_') %}
    {% do lake_call('read_seed', {
        'name': name, 'sql': sql, 'path': adapter.get_seed_file_path(model)
    }) %}
    {{ return('select * from ' ~ name) }}
{% endmacro %}
