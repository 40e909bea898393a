{% macro run_post_hooks() %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {% do run_hooks_outside(post_hooks) %}
{% endmacro %}
