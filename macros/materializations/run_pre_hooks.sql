{% macro run_pre_hooks() %}
    {% do run_hooks_outside(pre_hooks) %}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
{% endmacro %}
