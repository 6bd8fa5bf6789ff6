// The members of the room: who leads, and whether this page follows.

import { element, show } from "./dom.js";

/** @import { Room } from "./room.js" */

export class MemberList {
  #name;
  #room;
  #version = -1;
  #list = document.createElement("ul");
  #follow = document.createElement("button");
  #title = document.createElement("span");

  /** @param {string} name @param {Room} room @param {(name: string) => void} renamed */
  constructor(name, room, renamed) {
    this.#name = name;
    this.#room = room;
    const host = element("people", HTMLElement);
    show("people", true);
    this.#title.className = "quiet";
    this.#list.ariaLabel = `People in the room ${name}`;
    this.#follow.type = "button";
    this.#follow.id = "follow-room";
    this.#follow.addEventListener("click", () => room.follows = !room.follows);
    const rename = document.createElement("input");
    rename.ariaLabel = "Your name";
    rename.maxLength = 32;
    rename.value = room.members[0]?.name ?? "";
    rename.addEventListener("change", () => {
      room.name = rename.value;
      renamed(rename.value);
    });
    host.append(this.#title, this.#list, rename, this.#follow);
  }

  /** Call it once per animation frame. */
  draw() {
    if (this.#room.version === this.#version) return;
    this.#version = this.#room.version;
    const { members, follows, isJoined, refusal } = this.#room;
    this.#follow.textContent = follows ? "Following" : "Follow";
    this.#follow.ariaPressed = String(follows);
    this.#title.classList.toggle("down", !isJoined);
    this.#title.textContent = refusal === "" ? this.#name : `${this.#name}: refused`;
    this.#title.title = refusal === "" ? "Room" : refusal;
    this.#list.replaceChildren(
      ...members.filter(({ isMe, isLeading }) => !isMe || isLeading).map(
        ({ name, follows, isLeading, isMe }) => {
          const item = document.createElement("li");
          item.textContent = isMe ? "You" : name;
          item.className = isLeading ? "leads" : follows ? "" : "quiet";
          item.title = isLeading ? "Leads" : follows ? "Follows" : "Does not follow";
          if (isLeading) item.append(isMe ? " lead" : " leads");
          return item;
        },
      ),
    );
  }
}
