{% macro sql_type(type) %}
    {{ return(adapter.dispatch('sql_type', 'firn')(type)) }}
{% endmacro %}

{% macro duckdb__sql_type(type) %}
    {{ return(type) }}
{% endmacro %}

{% macro spark__sql_type(type) %}
    {{ return(lake_call('spark_type', {'type': type})) }}
{% endmacro %}
