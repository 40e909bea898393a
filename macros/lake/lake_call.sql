{% macro lake_call(verb, payload) %}
    {#- A model may ask for it in its own text, which dbt also reads without a lake. -#}
    {% if not execute %}
        {{ return({}) }}
    {% endif %}
    {% set answer = fromjson(adapter.dispatch('lake_answer', 'firn')(verb, tojson(payload))) %}
    {% if answer.error is defined %}
        {% do exceptions.raise_compiler_error(answer.error) %}
    {% endif %}
    {{ return(answer.result) }}
{% endmacro %}

{% macro duckdb__lake_answer(verb, payload) %}
    {#- An open transaction would go on seeing the tables as they were. -#}
    {% do adapter.commit() %}
    {% set text = payload | replace("'", "''") %}
    {% set rows = run_query("select firn_call('" ~ verb ~ "', '" ~ text ~ "') as answer") %}
    {{ return(rows.rows[0][0]) }}
{% endmacro %}

{% macro spark__lake_answer(verb, payload) %}
    {{ return(adapter.firn_call(verb, payload)) }}
{% endmacro %}
