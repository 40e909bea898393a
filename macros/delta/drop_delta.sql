{% macro drop_delta(delta) %}
    {% call statement('drop_delta', auto_begin=False) %}
        drop table if exists {{ delta }}
    {% endcall %}
{% endmacro %}
