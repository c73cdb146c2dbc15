package io.atedb.internal.bytes;

import java.util.List;

/** The strict form of a message. The fields ascend. */
public final class MessageForm {
  private final String name;
  private final List<FieldForm> fields;
  private final FieldForm[] byNumber;

  public MessageForm(String name, FieldForm... fields) {
    this.name = name;
    this.fields = List.of(fields);
    int largest = fields.length == 0 ? 0 : fields[fields.length - 1].number();
    this.byNumber = new FieldForm[largest + 1];
    for (FieldForm field : fields) {
      byNumber[field.number()] = field;
    }
  }

  public String name() {
    return name;
  }

  List<FieldForm> fields() {
    return fields;
  }

  /** The field of a number; null where there is none. */
  FieldForm find(int number) {
    return number < byNumber.length ? byNumber[number] : null;
  }
}
