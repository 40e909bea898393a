{% macro drop_delta(delta) %}
    {{ return(adapter.dispatch('drop_delta', 'firn')(delta)) }}
{% endmacro %}

{% macro duckdb__drop_delta(delta) %}
    {% call statement('drop_delta', auto_begin=False) %}
        drop table if exists {{ delta }}
    {% endcall %}
{% endmacro %}

{% macro spark__drop_delta(delta) %}
    {% do lake_call('unpin', {'name': delta.identifier}) %}
{% endmacro %}
