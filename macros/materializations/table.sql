{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {{ return(materialize_table()) }}
{% endmaterialization %}

{% materialization table, adapter='spark' %}
    {{ return(materialize_table()) }}
{% endmaterialization %}

{% macro materialize_table() %}
    {% set target_relation = this.incorporate(type='table') %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}

    {% set sql = compiled_code %}
    {% if model.language == 'python' %}
        {% set result = python_result() %}
        {% call statement('python_result', language='python') %}
            {{- py_write_table(temporary=False, relation=result, compiled_code=compiled_code) }}
        {% endcall %}
        {% set sql = 'select * from ' ~ result %}
    {% endif %}
    {% set rows = build_table(target_relation, sql) %}
    {% call noop_statement('main', 'INSERT ' ~ rows, 'INSERT', rows) %}
        {{ compiled_code }}
    {% endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}
