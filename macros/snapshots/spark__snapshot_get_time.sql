{% macro spark__snapshot_get_time() %}
    localtimestamp()
{%- endmacro %}
