{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {% do run_pre_hooks() %}
    {% set sql = compiled_code %}
    {% if model.language == 'python' %}
        {% set result = python_result() %}
        {% call statement('python_result', language='python') %}
            {{- py_write_table(temporary=False, relation=result, compiled_code=compiled_code) }}
        {% endcall %}
        {% set sql = 'select * from ' ~ result %}
    {% endif %}
    {{ return(materialize_table(sql)) }}
{% endmaterialization %}

{% materialization table, adapter='spark' %}
    {% do run_pre_hooks() %}
    {{ return(materialize_table(compiled_code)) }}
{% endmaterialization %}

{% macro materialize_table(sql) %}
    {% set target_relation = this.incorporate(type='table') %}
    {% set rows = build_table(target_relation, sql) %}
    {% call noop_statement('main', 'INSERT ' ~ rows, 'INSERT', rows) %}
        {{ compiled_code }}
    {% endcall %}

    {% do run_post_hooks() %}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}
