//! From events to summary, page, chronicle, diagram and script.
