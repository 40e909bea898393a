{% macro run_hooks_outside(hooks) %}
    {{ return(adapter.dispatch('run_hooks_outside', 'firn')(hooks)) }}
{% endmacro %}

{% macro default__run_hooks_outside(hooks) %}
    {{ run_hooks(hooks, inside_transaction=False) }}
{% endmacro %}

{% macro spark__run_hooks_outside(hooks) %}
    {#- dbt would commit before the first of them, and Spark has no such statement. -#}
    {% for hook in hooks if not hook.transaction %}
        {% set rendered = render(hook.sql) | trim %}
        {% if rendered %}
            {% call statement() %}{{ rendered }}{% endcall %}
        {% endif %}
    {% endfor %}
{% endmacro %}
